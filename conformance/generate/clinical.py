"""Clinical vocabulary of the synthetic records: problems, medicines, allergies, admissions, calls, referrals."""

from __future__ import annotations

from typing import NamedTuple


class Term(NamedTuple):
    """A coded term: SNOMED CT concept, Read version 2 code (either may be empty) and the words."""

    snomed: str
    read: str
    display: str


class Illness(NamedTuple):
    """Why someone is in hospital: ICD-10, its words, OPCS-4 procedure and its words, ward code."""

    icd10: str
    name: str
    opcs4: str
    procedure: str
    ward: str


class Medicine(NamedTuple):
    """A medicine as prescribed: EMIS preparation code (invented), name, directions, quantity, unit, days."""

    code: str
    name: str
    dosage: str
    quantity: str
    unit: str
    days: int


class Call(NamedTuple):
    """What a 111 call was about: reported condition, findings, disposition code, its words, advice, SNOMED discriminator."""

    condition: str
    findings: tuple[str, ...]
    disposition: str
    outcome: str
    advice: tuple[str, ...]
    discriminator: Term


PROBLEMS = (
    Term("38341003", "G2", "Hypertensive disease"),
    Term("44054006", "C10F", "Type 2 diabetes mellitus"),
    Term("13645005", "H3", "Chronic obstructive pulmonary disease"),
    Term("195967001", "H33", "Asthma"),
    Term("49436004", "G5730", "Atrial fibrillation"),
    Term("396275006", "N05", "Osteoarthritis"),
    Term("64859006", "N330", "Osteoporosis"),
    Term("84114007", "G58", "Heart failure"),
    Term("40930008", "C04", "Hypothyroidism"),
    Term("35489007", "E2B", "Depressive disorder"),
    Term("69896004", "N040", "Rheumatoid arthritis"),
    Term("90560007", "C34", "Gout"),
)
DEMENTIA = Term("52448006", "E00", "Dementia")
ALZHEIMERS = Term("26929004", "F110", "Alzheimer's disease")
OSTEOPOROSIS = PROBLEMS[6]
HYPERTENSION = PROBLEMS[0]
FALLS_RISK = Term("129839007", "", "At risk for falls")
FALL = Term("217082002", "", "Accidental fall")
KNEE = Term("239873007", "N05z6", "Osteoarthritis of knee")
MEDICATION_REVIEW = Term("182836005", "8B314", "Review of medication")
CARE_PLAN = Term("734163000", "", "Care plan")
FALLS_ASSESSMENT = Term("414191008", "", "Falls risk assessment")
PHYSIOTHERAPY = Term("91251008", "", "Physical therapy procedure")
FLU = Term("86198006", "65E", "Influenza vaccination")
BLOOD_PRESSURE = Term("135840009", "", "Blood pressure monitoring")
HOME_VISIT = Term("439708006", "", "Home visit")
DIABETIC_REVIEW = Term("170777000", "66AS", "Diabetic annual review")
DIARY = (MEDICATION_REVIEW, FLU, BLOOD_PRESSURE, DIABETIC_REVIEW)

WEIGHT = Term("162763007", "22A", "O/E - weight")
HEIGHT = Term("162755006", "229", "O/E - height")
SYSTOLIC = Term("163030003", "2469", "O/E - Systolic BP reading")
DIASTOLIC = Term("163031004", "246A", "O/E - Diastolic BP reading")
PENICILLIN = Term("91936005", "14L1", "Allergy to penicillin")
REFERRAL = Term("306206005", "", "Referral to service")

ILLNESSES = (
    Illness("J18.9", "Pneumonia, unspecified organism", "U35.4", "Other specified radiology of the chest", "AMU"),
    Illness("I50.0", "Congestive heart failure", "U20.1", "Transthoracic echocardiography", "BIR"),
    Illness("S72.0", "Fracture of neck of femur", "W19.1", "Primary open reduction of fracture of neck of femur", "HAZ"),
    Illness("N39.0", "Urinary tract infection, site not specified", "", "", "ELM"),
    Illness("K80.2", "Calculus of gallbladder without cholecystitis", "J18.3", "Total cholecystectomy NEC", "ROW"),
    Illness("M17.1", "Other primary gonarthrosis", "W40.1", "Primary total prosthetic replacement of knee joint", "HAZ"),
    Illness("J44.1", "COPD with acute exacerbation, unspecified", "", "", "LIN"),
    Illness("I48.9", "Atrial fibrillation and atrial flutter, unspecified", "X50.1", "Direct current cardioversion", "BIR"),
    Illness("K35.8", "Acute appendicitis, other and unspecified", "H01.2", "Emergency excision of abnormal appendix", "ROW"),
    Illness("L03.1", "Cellulitis of other parts of limb", "", "", "AMU"),
    Illness("R55", "Syncope and collapse", "", "", "AMU"),
    Illness("A09.9", "Gastroenteritis and colitis of unspecified origin", "", "", "ELM"),
)
DRUG_ALLERGIES = (("Z88.0", "Allergy to penicillin"), ("Z88.2", "Allergy to sulphonamides"), ("Z88.5", "Allergy to narcotic agent"))

MEDICINES = (
    Medicine("RATA9001", "Ramipril 5mg capsules", "ONE TO BE TAKEN EACH DAY", "28", "capsule", 28),
    Medicine("AMTA9002", "Amlodipine 5mg tablets", "ONE TO BE TAKEN EACH MORNING", "28", "tablet", 28),
    Medicine("METF9003", "Metformin 500mg tablets", "ONE TO BE TAKEN TWICE A DAY WITH MEALS", "56", "tablet", 28),
    Medicine("ATOR9004", "Atorvastatin 20mg tablets", "ONE TO BE TAKEN AT NIGHT", "28", "tablet", 28),
    Medicine("LEVO9005", "Levothyroxine sodium 50microgram tablets", "ONE TO BE TAKEN EACH MORNING", "28", "tablet", 28),
    Medicine("PARA9006", "Paracetamol 500mg tablets", "ONE OR TWO TO BE TAKEN UP TO FOUR TIMES A DAY", "100", "tablet", 14),
    Medicine("SALB9007", "Salbutamol 100micrograms/dose inhaler CFC free", "INHALE TWO PUFFS WHEN REQUIRED", "1", "inhaler", 56),
    Medicine("ALEN9008", "Alendronic acid 70mg tablets", "ONE TO BE TAKEN ON THE SAME DAY EACH WEEK", "4", "tablet", 28),
    Medicine("DONE9009", "Donepezil 10mg tablets", "ONE TO BE TAKEN AT NIGHT", "28", "tablet", 28),
)
ALENDRONATE, DONEPEZIL, PARACETAMOL, RAMIPRIL = MEDICINES[7], MEDICINES[8], MEDICINES[5], MEDICINES[0]

CALLS = (
    Call(
        "Cough and fever for three days",
        ("Temperature of 38.4 taken at home", "No breathlessness at rest", "Drinking normally"),
        "Dx06",
        "To contact a local service within 6 hours",
        ("Drink plenty of fluids and rest.", "Call again if breathing becomes harder or a rash appears."),
        Term("386661006", "", "Fever"),
    ),
    Call(
        "Low back pain after lifting",
        ("Able to walk about the house", "No numbness between the legs", "Bladder and bowel as usual"),
        "Dx08",
        "To contact a primary care service within 24 hours",
        ("Keep moving gently.", "Simple pain relief may help; follow the packet."),
        Term("279039007", "", "Low back pain"),
    ),
    Call(
        "Sore throat for two days",
        ("Able to swallow fluids", "No rash", "No difficulty in opening the mouth"),
        "Dx09",
        "For persistent or recurrent symptoms: get in touch with a local service",
        ("Cool drinks may soothe.", "A pharmacist can advise on lozenges."),
        Term("162397003", "", "Pain in throat"),
    ),
    Call(
        "Dizzy on standing, steady when sitting",
        ("No chest pain", "No weakness of face, arm or leg", "Speech clear"),
        "Dx05",
        "To contact a local service within 2 hours",
        ("Sit or lie down until someone has seen you.", "Do not drive."),
        Term("404640003", "", "Dizziness"),
    ),
)


class Specialty(NamedTuple):
    """An e-RS service: specialty, clinic type, service id, service name."""

    code: str
    display: str
    clinic: str
    service: str
    name: str


SPECIALTIES = (
    Specialty("CARDIOLOGY", "Cardiology", "HEART_FAILURE", "990011", "Eastmere Heart Failure Clinic"),
    Specialty("ORTHOPAEDICS", "Orthopaedics", "KNEE", "990012", "Eastmere Knee Clinic"),
    Specialty("ENT", "Ear, Nose & Throat", "HEARING", "990013", "Eastmere ENT and Hearing Service"),
    Specialty("DERMATOLOGY", "Dermatology", "SKIN", "990014", "Port Ansley Skin Clinic"),
    Specialty("PHYSIOTHERAPY", "Physiotherapy", "MUSCULOSKELETAL", "990015", "Mereshire Physiotherapy, Wetherham site"),
    Specialty("GERIATRIC_MEDICINE", "Geriatric Medicine", "MEMORY_CLINIC", "990016", "Eastmere Memory Clinic"),
)
