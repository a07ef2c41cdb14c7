/** The go.mod of a program of which only `module` is wanted: a main module may build what `go install` refuses. */
export function mainModule(module: string, version: string): string {
  return `module scratch\n\ngo 1.26.0\n\nrequire ${module} ${version}\n`;
}

/** A pom.xml whose one dependency is `artifact`, written `group:name:version`. */
export function mavenProject(artifact: string): string {
  const [group = '', name = '', version = ''] = artifact.split(':');
  const wanted = `<groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>`;
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '<modelVersion>4.0.0</modelVersion>',
    '<groupId>scratch</groupId><artifactId>scratch</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies><dependency>${wanted}</dependency></dependencies>`,
    '</project>',
    '',
  ].join('\n');
}
