export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/jest.strip-types.js' },
  // Copies of the project, while mutants are tested.
  modulePathIgnorePatterns: ['<rootDir>/.stryker-tmp/'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  coverageProvider: 'babel',
  testTimeout: 60_000,
  // Jest would leave one of two cores idle.
  maxWorkers: '100%',
};
