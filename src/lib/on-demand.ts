import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * A function that gives a package, loaded when it is first called: for large ones that most set-ups do not need, so that
 * their start does not wait for them. Give its type as `typeof import('package')`.
 */
export function onDemand<Package>(name: string): () => Package {
  let loaded: Package | undefined;
  return () => {
    loaded ??= require(name) as Package;
    return loaded;
  };
}
