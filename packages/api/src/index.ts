export type { AccessRequest, Authorize } from './access-request.js';
export { createApp, type AppOptions } from './app.js';
export { defaultLimits, type ApiLimits } from './limits.js';
export { startApi, type ApiOptions, type RunningApi } from './server.js';
