import { bringTools } from '../clients/install.js';
import { toolFile } from '../clients/tool.js';

/** Brings what a server of tests is run by, and answers where it is. @throws Error when it cannot be had: no test does without */
export async function bringServer(name: string, ...others: readonly string[]): Promise<string> {
  await bringTools([name, ...others], (line) => process.stderr.write(`${line}\n`));
  return toolFile(name);
}
