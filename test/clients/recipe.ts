/** The go.mod of a program of which only `module` is wanted: a main module may build what `go install` refuses. */
export function mainModule(module: string, version: string): string {
  return `module scratch\n\ngo 1.26.0\n\nrequire ${module} ${version}\n`;
}

/** A pom.xml that depends on the artifacts, each written `group:name:version`, and on nothing else. */
export function mavenProject(artifacts: readonly string[]): string {
  const wanted = artifacts.map((artifact) => {
    const [group = '', name = '', version = ''] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '<modelVersion>4.0.0</modelVersion>',
    '<groupId>scratch</groupId><artifactId>scratch</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies>${wanted.join('')}</dependencies>`,
    '</project>',
    '',
  ].join('\n');
}
