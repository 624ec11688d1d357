/** What projects have for their tests, too. */
export * from '../../src/testing/identity-provider.js';
