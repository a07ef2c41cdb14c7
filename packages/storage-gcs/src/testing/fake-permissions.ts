import type { OperationName } from './fake-operation.js';

/** Cloud Storage, "IAM permissions for JSON methods" and "… for XML methods". */
export const PERMISSIONS: Partial<Readonly<Record<OperationName, readonly string[]>>> = {
  GetBucket: ['storage.buckets.get'],
  GetMetadata: ['storage.objects.get'],
  GetMedia: ['storage.objects.get'],
  GetObject: ['storage.objects.get'],
  HeadObject: ['storage.objects.get'],
  InsertObject: ['storage.objects.create'],
  StartSession: ['storage.objects.create'],
  DeleteObject: ['storage.objects.delete'],
  CopyObject: ['storage.objects.get', 'storage.objects.create'],
  RewriteObject: ['storage.objects.get', 'storage.objects.create'],
  ListObjects: ['storage.objects.list'],
  CreateMultipartUpload: ['storage.multipartUploads.create', 'storage.objects.create'],
  UploadPart: ['storage.multipartUploads.create', 'storage.objects.create'],
  CompleteMultipartUpload: ['storage.multipartUploads.create', 'storage.objects.create'],
  AbortMultipartUpload: ['storage.multipartUploads.abort'],
};
