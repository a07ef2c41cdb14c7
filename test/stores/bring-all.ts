import { bringServer } from './bring.js';

/** What the tests' servers are run by, the slowest to be had first. */
const PROGRAMS = ['versitygw', 'fake-gcs-server', 's3proxy', 'java', 'azurite-blob'];

/** Brings beside the other tests what those of the stores need, so that they find it. What cannot be had fails there. */
for (const name of PROGRAMS) await bringServer(name).catch(() => undefined);
