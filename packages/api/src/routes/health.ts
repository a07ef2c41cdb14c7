import { keys } from '@atoll/storage';
import { jsonHeaders, type Exchange } from '../exchange.js';
import type { Call, RouteParts } from './route-parts.js';

/** `/healthz`: whether the process lives, and `/readyz`: whether it should be sent requests. */
export class HealthRoutes {
  constructor(
    private readonly parts: RouteParts,
    private readonly isDraining: () => boolean,
  ) {}

  async health({ exchange }: Call<'health'>): Promise<void> {
    respondState(exchange, 200, { status: 'ok' });
  }

  async ready({ exchange }: Call<'ready'>): Promise<void> {
    const draining = this.isDraining();
    const storage = await this.#askStore(exchange.signal);
    const ready = !draining && storage.answers;
    const { region } = this.parts.registry.identity;
    respondState(exchange, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', region, draining, storage });
  }

  async #askStore(signal: AbortSignal): Promise<{ answers: boolean; durationMs: number; reason?: string }> {
    const startedAt = performance.now();
    const limit = AbortSignal.timeout(this.parts.limits.readyTimeoutMs);
    const durationMs = (): number => Math.round(performance.now() - startedAt);
    try {
      await orTimeout(this.parts.registry.store.head(keys.region, { signal: AbortSignal.any([signal, limit]) }), limit);
      return { answers: true, durationMs: durationMs() };
    } catch {
      const reason = limit.aborted ? 'the store does not answer in time' : 'the store answers with an error';
      return { answers: false, durationMs: durationMs(), reason };
    }
  }
}

function respondState(exchange: Exchange, status: number, state: unknown): void {
  const payload = Buffer.from(JSON.stringify(state));
  exchange.respond(status, { ...jsonHeaders(payload), 'Cache-Control': 'no-store' }, payload);
}

/** Also when the call does not listen to its signal: readiness has to answer. */
async function orTimeout<T>(call: Promise<T>, limit: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    limit.addEventListener('abort', () => reject(new Error('timeout')), { once: true });
    call.then(resolve, reject);
  });
}
