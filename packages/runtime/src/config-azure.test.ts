import { expect, test } from '@jest/globals';
import { azureCredentials } from './config-azure.js';

test('nothing in the environment leaves it to the identity of the process', () => {
  expect(azureCredentials({})).toEqual([]);
  expect(azureCredentials({ AZURE_STORAGE_CONNECTION_STRING: '', AZURE_STORAGE_ACCOUNT: 'atolleu' })).toEqual([]);
});

test('connection strings of several accounts are told apart, and a key goes with its account', () => {
  const env = {
    AZURE_STORAGE_CONNECTION_STRING: ' AccountName=one;AccountKey=a==\n AccountName=two;AccountKey=b== ',
    AZURE_STORAGE_ACCOUNT: 'three',
    AZURE_STORAGE_KEY: 'c==',
  };
  expect(azureCredentials(env)).toEqual([
    { connectionString: 'AccountName=one;AccountKey=a==' },
    { connectionString: 'AccountName=two;AccountKey=b==' },
    { account: 'three', key: 'c==' },
  ]);
});
