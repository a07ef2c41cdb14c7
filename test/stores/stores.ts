/** Where the driver suite runs over a store. */
export interface StoreRow {
  /** What `--only` names. */
  readonly id: string;
  readonly title: string;
  /** The workspace, and the file of tests in it. */
  readonly folder: string;
  readonly tests: string;
  /** Programs that are brought where they are missing. */
  readonly programs: readonly string[];
}

export const STORES: readonly StoreRow[] = [
  row('memory', 'memory', 'packages/storage', 'src/memory-store.test.ts'),
  row('fs', 'files', 'packages/storage-fs', 'src/fs-store.test.ts'),
  row('fake-s3', 'S3, the strict fake', 'packages/storage-s3', 'src/s3-store.test.ts'),
  row('versitygw', 'S3, versitygw', 'test', 'stores/versitygw.test.ts', 'versitygw'),
  row('s3proxy', 'S3, S3Proxy over Azurite', 'test', 'stores/s3proxy.test.ts', 's3proxy', 'azurite-blob'),
  row('minio', 'S3, MinIO', 'test', 'stores/full/minio.test.ts', 'minio'),
  row('azurite', 'Azure Blob Storage, Azurite', 'test', 'stores/azurite.test.ts', 'azurite-blob'),
  row('fake-gcs', 'Google Cloud Storage, the strict fake', 'packages/storage-gcs', 'src/gcs-store.test.ts'),
  row(
    'fake-gcs-server',
    'Google Cloud Storage, fake-gcs-server',
    'test',
    'stores/fake-gcs-server.test.ts',
    'fake-gcs-server',
  ),
];

function row(id: string, title: string, folder: string, tests: string, ...programs: string[]): StoreRow {
  return { id, title, folder, tests, programs };
}
