/** The exporter's own version; a test checks that `package.json` has it too. */
export const VERSION = '0.1.0';
