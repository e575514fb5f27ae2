/** @file Tensors that a part takes from around it: neither argument, nor parameter, nor buffer, nor made inside. */

import { ts } from 'ts-morph';
import type { Look, Rule } from '../finding.ts';

/** What may be asked of any tensor: it reads no value. */
const facts = new Set([
  ...['shape', 'sizes', 'strides', 'ndim', 'dim', 'dtype', 'size', 'numel', 'stride'],
  ...['isContiguous', 'isFloatingPoint'],
]);

export const outsideTensor: Rule = {
  name: 'outside-tensor',
  summary: 'A tensor is used that is neither an argument, a parameter, a buffer nor made inside.',
  remedy: 'make it a buffer (registerBuffer) of the module whose method is the part, or pass it as an argument',
  code(node, look) {
    if (!isRoot(node, look)) return;
    const whole = chain(node);
    const type = look.types.at(whole);
    const { parent } = whole;
    const receives = ts.isPropertyAccessExpression(parent) && parent.expression === whole;
    if (look.values.isTensor(whole)) {
      if (receives && facts.has(parent.name.text)) return;
      if (isAssigned(whole)) return;
      look.report(whole, `the tensor \`${whole.getText()}\` comes from outside of the part`);
      return;
    }
    const isUsed = receives ? isModule(type, look) : ts.isCallExpression(parent) && parent.arguments.includes(whole);
    if (isUsed && look.types.holdsTensors(type)) {
      look.report(
        whole,
        `\`${whole.getText()}\` comes from outside of the part, with tensors in it`,
        'make the part a method of it, or pass it as an argument',
      );
    }
  },
};

/** A name from outside, a class with static fields among them; `this` of an arrow function that is a part. */
function isRoot(node: ts.Node, { types, values, part }: Look): node is ts.Expression {
  if (node.kind === ts.SyntaxKind.ThisKeyword) return values.frame.fn === part.fn && values.frame.self === 'outside';
  if (!ts.isIdentifier(node) || !ts.isExpression(node) || !isValue(node)) return false;
  const declaration = types.symbolOf(node)?.valueDeclaration;
  if (!declaration) return false;
  const isVariable = ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration);
  const mayHold = isVariable || ts.isParameter(declaration) || ts.isClassLike(declaration);
  return mayHold && !values.isInside(declaration);
}

/** Whether an identifier is used as a value, not as the name of a member. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !ts.isBindingElement(parent) && !ts.isLabeledStatement(parent) && !ts.isBreakOrContinueStatement(parent);
}

/** The longest chain of fields that begins at a node, up to the first tensor in it and without methods. */
function chain(root: ts.Expression): ts.Expression {
  let whole = root;
  for (;;) {
    const { parent } = whole;
    if (ts.isNonNullExpression(parent) || ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent)) {
      whole = parent;
      continue;
    }
    const isField =
      (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) && parent.expression === whole;
    if (!isField || (ts.isCallExpression(parent.parent) && parent.parent.expression === parent)) return whole;
    if (ts.isPropertyAccessExpression(parent) && facts.has(parent.name.text)) return whole;
    whole = parent;
  }
}

function isAssigned(whole: ts.Expression): boolean {
  const { parent } = whole;
  return (
    ts.isBinaryExpression(parent) && parent.left === whole && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

/** Whether a type is a Module's: its methods use its tensors. */
function isModule(type: ts.Type, { types }: Look): boolean {
  const bases = (each: ts.Type): ts.Type[] => (each.isClassOrInterface() ? types.checker.getBaseTypes(each) : []);
  const pending = [type];
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    if (each.symbol?.name === 'Module') return true;
    const target = (each as ts.TypeReference).target ?? each;
    pending.push(...bases(target));
  }
  return false;
}
