import { describeS3StoreOver } from './s3-store-over.js';
import { S3Proxy } from './s3proxy.js';

describeS3StoreOver('S3Proxy over Azurite', () => S3Proxy.start(), {
  sparesVersions: true,
  sparesInRaces: true,
  takesLateParts: true,
});
