// Starts the design system's components. Pages work without scripts.
import { initAll } from '/assets/nhsuk-frontend-10.6.1.min.js';

initAll();
