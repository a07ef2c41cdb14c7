export { AzureStore, type AzureStoreOptions } from './azure-store.js';
export type { AzureCredentials } from './create-service.js';
