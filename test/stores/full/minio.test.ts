import { startMinio } from '../minio.js';
import { describeS3StoreOver } from '../s3-store-over.js';

describeS3StoreOver('MinIO', startMinio, {
  sparesVersions: false,
  sparesInRaces: false,
  missesBelowHalfSegments: true,
});
