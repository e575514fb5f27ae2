/** @file Whether a file is what the transformer made of another: compiled or bundled before, minified perhaps. */

import { child, children, type Node, text } from './ast.ts';

/** The name of what transformed files call. Nobody else has a use for it. */
const helpers = '__tn';

/**
 * Whether a program calls the transformer's helpers. Tools keep the import but rename it, gather it with others, put
 * what it is used for in other files, and make it a namespace; what no tool can do is rename what the package exports.
 *
 * @param code the program's text
 * @param isPackage whether a specifier means the package
 */
export function isTransformed(program: Node, code: string, isPackage: (specifier: string) => boolean): boolean {
  if (!code.includes(helpers)) return false;
  for (const statement of children(program, 'body')) {
    if (statement.type !== 'ImportDeclaration' || !isPackage(text(child(statement, 'source'), 'value'))) continue;
    for (const specifier of children(statement, 'specifiers')) {
      const local = text(child(specifier, 'local'), 'name');
      if (specifier.type === 'ImportNamespaceSpecifier' && uses(code, `${local}.${helpers}`)) return true;
      if (specifier.type === 'ImportSpecifier' && importedName(specifier) === helpers && uses(code, local)) return true;
    }
  }
  return false;
}

function importedName(specifier: Node): string {
  const imported = child(specifier, 'imported');
  return imported.type === 'Literal' ? text(imported, 'value') : text(imported, 'name');
}

/** Whether `object.` stands somewhere in a text. */
function uses(code: string, object: string): boolean {
  for (let at = code.indexOf(`${object}.`); at >= 0; at = code.indexOf(`${object}.`, at + 1)) {
    if (at === 0 || !/[\w$.]/.test(code[at - 1])) return true;
  }
  return false;
}
