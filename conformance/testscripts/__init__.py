"""An interpreter of FHIR TestScripts (R4 testscript.html; the shape of STU3 where it differs), against any server."""
