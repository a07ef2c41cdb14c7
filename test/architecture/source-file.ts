import ts from 'typescript';

export interface Import {
  readonly specifier: string;
  /** Gone when the code runs: `import type`, `export type`. */
  readonly typeOnly: boolean;
}

/** What one file says of its surroundings. */
export interface SourceFile {
  readonly imports: readonly Import[];
  readonly readsEnvironment: boolean;
  readonly usesConsole: boolean;
}

export function readSource(text: string): SourceFile {
  const imports: Import[] = [];
  let readsEnvironment = false;
  let usesConsole = false;
  const visit = (node: ts.Node): void => {
    const found = importIn(node);
    if (found) imports.push(found);
    readsEnvironment ||= isEnvironment(node);
    usesConsole ||= ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'console');
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest));
  return { imports, readsEnvironment, usesConsole };
}

function importIn(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return importOf(node.moduleSpecifier, node.importClause?.phaseModifier);
  if (ts.isExportDeclaration(node)) return importOf(node.moduleSpecifier, node.isTypeOnly);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return importOf(node.argument.literal, true);
  if (ts.isCallExpression(node) && isLoading(node.expression)) return importOf(node.arguments[0], false);
  return undefined;
}

function importOf(specifier: ts.Node | undefined, type: ts.SyntaxKind | boolean | undefined): Import | undefined {
  if (!specifier || !ts.isStringLiteral(specifier)) return undefined;
  return { specifier: specifier.text, typeOnly: type === true || type === ts.SyntaxKind.TypeKeyword };
}

function isLoading(callee: ts.Node): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || isNamed(callee, 'require');
}

/** `process.env`, or `env` taken from `node:process`. */
function isEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isNamed(node.expression, 'process');
  return ts.isImportSpecifier(node) && (node.propertyName ?? node.name).text === 'env';
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}
