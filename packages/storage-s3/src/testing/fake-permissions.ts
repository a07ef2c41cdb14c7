import type { OperationName } from './fake-operation.js';

/** "Required permissions for Amazon S3 API operations". */
const PERMISSIONS: Readonly<Record<OperationName, readonly string[]>> = {
  GetObject: ['s3:GetObject'],
  HeadObject: ['s3:GetObject'],
  PutObject: ['s3:PutObject'],
  CopyObject: ['s3:GetObject', 's3:PutObject'],
  DeleteObject: ['s3:DeleteObject'],
  ListObjectsV2: ['s3:ListBucket'],
  CreateMultipartUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  UploadPartCopy: ['s3:GetObject', 's3:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  GetBucketVersioning: ['s3:GetBucketVersioning'],
  GetBucketObjectLockConfiguration: ['s3:GetBucketObjectLockConfiguration'],
  GetLifecycleConfiguration: ['s3:GetLifecycleConfiguration'],
  Unknown: [],
};

export function mayDo(name: OperationName, denied: ReadonlySet<string>): boolean {
  return !PERMISSIONS[name].some((permission) => denied.has(permission));
}
