import { describeS3StoreOver } from './s3-store-over.js';
import { startVersitygw } from './versitygw.js';

// Its deletes that name a version are not atomic against puts.
describeS3StoreOver('versitygw', startVersitygw, { sparesVersions: true, sparesInRaces: false });
