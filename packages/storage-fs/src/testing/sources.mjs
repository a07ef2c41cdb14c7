// Lets a child process of a test import the TypeScript sources, as the tests themselves do: with
// `node --experimental-transform-types --import <this file>`.
import { registerHooks } from 'node:module';

const packages = new URL('../../../', import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    const own = /^@atoll\/([a-z-]+)$/.exec(specifier)?.[1];
    if (own !== undefined) return next(new URL(`${own}/src/index.ts`, packages).href, context);
    const relative = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
    return next(relative ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});
