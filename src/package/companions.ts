/** @file What build systems read beside a library: pkg-config and CMake files, both relative to where they stand. */

import { packageVersion } from '../dispatch/version.ts';
import type { PackageModel } from './model.ts';

export type LibraryKind = 'static' | 'shared';

export function libraryFile(name: string, kind: LibraryKind): string {
  return kind === 'static' ? `lib${name}.a` : `lib${name}.so`;
}

/** `<name>.pc`; `weights` is a variable of it. */
export function pkgConfigText({ name, parts }: PackageModel, kind: LibraryKind): string {
  const system = '-lm -pthread';
  return [
    // Relative to this file: the folder may be moved.
    `folder=\${pcfiledir}`,
    `weights=\${folder}/${name}.weights`,
    '',
    `Name: ${name}`,
    `Description: ${parts.map((part) => part.name).join(', ')}, compiled by TorchNative`,
    `Version: ${packageVersion()}`,
    `Cflags: -I\${folder}`,
    kind === 'static' ? `Libs: -L\${folder} -l${name} ${system}` : `Libs: -L\${folder} -l${name}`,
    ...(kind === 'shared' ? [`Libs.private: ${system}`] : []),
    '',
  ].join('\n');
}

/** `<name>Config.cmake`: the target `<name>::<name>` and the variable `<name>_WEIGHTS`. */
export function cmakeText({ name }: PackageModel, kind: LibraryKind): string {
  const file = libraryFile(name, kind);
  return [
    `# find_package(${name} CONFIG REQUIRED PATHS <this folder>) gives ${name}::${name} and \${${name}_WEIGHTS}.`,
    'include(CMakeFindDependencyMacro)',
    'find_dependency(Threads)',
    `if(NOT TARGET ${name}::${name})`,
    `  add_library(${name}::${name} ${kind.toUpperCase()} IMPORTED)`,
    `  set_target_properties(${name}::${name} PROPERTIES`,
    `    IMPORTED_LOCATION "\${CMAKE_CURRENT_LIST_DIR}/${file}"`,
    ...(kind === 'shared' ? [`    IMPORTED_SONAME "${file}"`] : []),
    '    IMPORTED_LINK_INTERFACE_LANGUAGES "C"',
    `    INTERFACE_INCLUDE_DIRECTORIES "\${CMAKE_CURRENT_LIST_DIR}"`,
    ...(kind === 'static' ? ['    INTERFACE_LINK_LIBRARIES "Threads::Threads;m"'] : []),
    '  )',
    'endif()',
    `set(${name}_WEIGHTS "\${CMAKE_CURRENT_LIST_DIR}/${name}.weights")`,
    '',
  ].join('\n');
}
