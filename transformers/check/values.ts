/**
 * @file What is known of the values of expressions while captured code is looked at: which are tensors (operators on
 * them have the type `number`), which depend on a declared Dim, and where objects come from.
 *
 * What cannot be known counts as nothing in particular: rules report what they are sure of.
 */

import { ts } from 'ts-morph';
import { isAssigned } from './assigned.ts';
import { type DimSpec, dimOfMatcher, innerMatcher, numberOf } from './dims.ts';
import { type Body, parametersOf } from './parts.ts';
import { type Types, unwrap } from './types.ts';

/** Where an object comes from, seen from the part. */
export type Origin = 'inside' | 'argument' | 'this' | 'outside' | 'unknown';

/** A number that depends on a Dim. */
export interface DimUse {
  readonly spec: DimSpec;
  /** Whether it is the size itself, not something computed from it. */
  readonly isBare: boolean;
}

/** What is known of one argument of a call. */
export interface Argument {
  readonly isTensor: boolean;
  readonly dim: DimUse | null;
  /** What `inputMatchers` says of it. */
  readonly matcher: ts.Expression | null;
  readonly origin: Origin;
}

/** One function that is looked at, as one call reaches it. */
export interface Frame {
  readonly fn: Body;
  /** By position. */
  readonly args: readonly Argument[];
  readonly self: Origin;
}

const arithmetic = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.PlusToken,
  ts.SyntaxKind.MinusToken,
  ts.SyntaxKind.AsteriskToken,
  ts.SyntaxKind.SlashToken,
  ts.SyntaxKind.PercentToken,
  ts.SyntaxKind.AsteriskAsteriskToken,
]);

const orderings = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
]);

/** Methods that give what a container holds. */
const lookUps = new Set(['at', 'get', 'find', 'findLast', 'pop', 'shift', 'values', 'entries']);

export class Values {
  readonly types: Types;
  readonly frame: Frame;
  private readonly open = new Set<ts.Node>();
  private readonly tensors = new Map<ts.Node, boolean>();
  private readonly dims = new Map<ts.Node, DimUse | null>();
  private readonly texts = new Map<ts.Node, boolean>();
  private cycles = 0;

  constructor(types: Types, frame: Frame) {
    this.types = types;
    this.frame = frame;
  }

  /** Answers `unknown` for a value that is computed from itself, and keeps what does not depend on that. */
  private guarded<T>(kept: Map<ts.Node, T> | null, node: ts.Node, unknown: T, answer: () => T): T {
    const known = kept?.get(node);
    if (known !== undefined) return known;
    if (this.open.has(node)) {
      this.cycles++;
      return unknown;
    }
    this.open.add(node);
    const before = this.cycles;
    try {
      const found = answer();
      if (this.cycles === before) kept?.set(node, found);
      return found;
    } finally {
      this.open.delete(node);
    }
  }

  // -- tensors --------------------------------------------------------------------------------------------------------

  isTensor(expression: ts.Expression): boolean {
    const inner = unwrap(expression);
    // The compiler computes the type of a sum anew each time: sums are told by their terms.
    if (isArithmetic(inner)) return this.guarded(this.tensors, inner, false, () => this.isOperatorResult(inner));
    const type = this.types.at(inner);
    if (this.types.isTensor(type)) return true;
    if (!this.types.mayBeOperator(type)) return false;
    return this.guarded(this.tensors, inner, false, () => this.isOperatorResult(inner));
  }

  private isOperatorResult(inner: ts.Expression): boolean {
    if (ts.isBinaryExpression(inner)) {
      const { kind } = inner.operatorToken;
      if (kind === ts.SyntaxKind.EqualsToken) return this.isTensor(inner.right);
      if (!arithmetic.has(kind) && !orderings.has(kind)) return false;
      return this.isTensor(inner.left) || this.isTensor(inner.right);
    }
    if (ts.isPrefixUnaryExpression(inner)) {
      const sign = inner.operator === ts.SyntaxKind.MinusToken || inner.operator === ts.SyntaxKind.PlusToken;
      return sign && this.isTensor(inner.operand);
    }
    if (ts.isConditionalExpression(inner)) return this.isTensor(inner.whenTrue) || this.isTensor(inner.whenFalse);
    if (ts.isCallExpression(inner)) return isMathCall(inner) && inner.arguments.some((each) => this.isTensor(each));
    if (!ts.isIdentifier(inner)) return false;
    const known = this.argumentOf(inner);
    if (known) return known.isTensor;
    // What is assigned later is taken to be of the same kind.
    const declaration = this.types.symbolOf(inner)?.valueDeclaration;
    const isVariable = declaration && ts.isVariableDeclaration(declaration) && ts.isIdentifier(declaration.name);
    return isVariable && declaration.initializer ? this.isTensor(declaration.initializer) : false;
  }

  /** Whether an expression is a text. */
  isText(expression: ts.Expression): boolean {
    const inner = unwrap(expression);
    if (!isArithmetic(inner)) return (this.types.at(inner).flags & ts.TypeFlags.StringLike) !== 0;
    if (inner.operatorToken.kind !== ts.SyntaxKind.PlusToken) return false;
    return this.guarded(this.texts, inner, false, () => this.isText(inner.left) || this.isText(inner.right));
  }

  // -- dims -----------------------------------------------------------------------------------------------------------

  /** The Dim that a number depends on, or null. */
  dimOf(expression: ts.Expression): DimUse | null {
    const inner = unwrap(expression);
    return this.guarded(this.dims, inner, null, () => this.findDim(inner));
  }

  private findDim(inner: ts.Expression): DimUse | null {
    if (ts.isBinaryExpression(inner)) {
      if (!arithmetic.has(inner.operatorToken.kind)) return null;
      if (this.isText(inner) || this.isTensor(inner)) return null;
      return computed(this.dimOf(inner.left) ?? this.dimOf(inner.right));
    }
    if (ts.isPrefixUnaryExpression(inner)) {
      return inner.operator === ts.SyntaxKind.MinusToken ? computed(this.dimOf(inner.operand)) : null;
    }
    if (ts.isCallExpression(inner)) return this.dimOfCall(inner);
    if (ts.isIdentifier(inner)) {
      const known = this.argumentOf(inner);
      if (known?.dim) return known.dim;
      const destructured = this.destructuredDim(inner);
      if (destructured) return destructured;
      const initializer = this.initializerOf(inner);
      if (initializer) return this.dimOf(initializer);
    }
    if (ts.isElementAccessExpression(inner) && isShape(inner.expression)) {
      const axis = numberOf(inner.argumentExpression, this.types);
      return this.dimOfAxis((unwrap(inner.expression) as ts.PropertyAccessExpression).expression, axis);
    }
    return bare(dimOfMatcher(this.matcherOf(inner), this.types));
  }

  private dimOfCall(call: ts.CallExpression): DimUse | null {
    if (isMathCall(call)) {
      for (const each of call.arguments) {
        const dim = this.dimOf(each);
        if (dim) return computed(dim);
      }
      return null;
    }
    const callee = unwrap(call.expression);
    if (!ts.isPropertyAccessExpression(callee)) return null;
    const [first] = call.arguments;
    const axis = first ? numberOf(first, this.types) : null;
    if (callee.name.text === 'size' && first) return this.dimOfAxis(callee.expression, axis);
    if (callee.name.text === 'at' && isShape(callee.expression)) {
      return this.dimOfAxis((unwrap(callee.expression) as ts.PropertyAccessExpression).expression, axis);
    }
    return null;
  }

  /** The Dim of an axis of a tensor that stands in `inputMatchers`. */
  private dimOfAxis(tensor: ts.Expression, axis: number | null): DimUse | null {
    const matcher = this.matcherOf(tensor);
    if (axis === null || !matcher || !this.isTensor(tensor)) return null;
    return bare(dimOfMatcher(innerMatcher(matcher, String(axis), this.types), this.types));
  }

  /** `const [b, n] = x.shape`, `({ pos }) => …`. */
  private destructuredDim(identifier: ts.Identifier): DimUse | null {
    const element = this.types.symbolOf(identifier)?.valueDeclaration;
    if (!element || !ts.isBindingElement(element) || !ts.isArrayBindingPattern(element.parent)) return null;
    const { parent } = element.parent;
    if (!ts.isVariableDeclaration(parent) || !parent.initializer || !isShape(parent.initializer)) return null;
    const axis = element.parent.elements.indexOf(element);
    return this.dimOfAxis((unwrap(parent.initializer) as ts.PropertyAccessExpression).expression, axis);
  }

  /** What `inputMatchers` says of a value that is an argument, or is found in one. */
  matcherOf(expression: ts.Expression): ts.Expression | null {
    const inner = unwrap(expression);
    if (ts.isPropertyAccessExpression(inner)) {
      return innerMatcher(this.matcherOf(inner.expression), inner.name.text, this.types);
    }
    if (ts.isElementAccessExpression(inner)) {
      const index = numberOf(inner.argumentExpression, this.types);
      return innerMatcher(this.matcherOf(inner.expression), index === null ? '*' : String(index), this.types);
    }
    if (!ts.isIdentifier(inner)) return null;
    const known = this.argumentOf(inner);
    if (known) return known.matcher;
    const declaration = this.types.symbolOf(inner)?.valueDeclaration;
    if (declaration && ts.isBindingElement(declaration)) return this.matcherOfElement(declaration);
    const initializer = this.initializerOf(inner);
    return initializer ? this.guarded(null, inner, null, () => this.matcherOf(initializer)) : null;
  }

  private matcherOfElement(element: ts.BindingElement): ts.Expression | null {
    const holder = element.parent.parent;
    const outer = ts.isBindingElement(holder)
      ? this.matcherOfElement(holder)
      : ts.isParameter(holder)
        ? (this.argumentAt(holder)?.matcher ?? null)
        : holder.initializer
          ? this.matcherOf(holder.initializer)
          : null;
    const name = element.propertyName ?? element.name;
    const key = ts.isArrayBindingPattern(element.parent)
      ? String(element.parent.elements.indexOf(element))
      : ts.isIdentifier(name) || ts.isStringLiteral(name)
        ? name.text
        : null;
    return key === null ? null : innerMatcher(outer, key, this.types);
  }

  // -- origins --------------------------------------------------------------------------------------------------------

  /** Where the object comes from that an expression gives, or whose field it gives. */
  originOf(expression: ts.Expression): Origin {
    const inner = unwrap(expression);
    return this.guarded(null, inner, 'unknown', () => this.findOrigin(inner));
  }

  private findOrigin(inner: ts.Expression): Origin {
    if (inner.kind === ts.SyntaxKind.ThisKeyword) return this.thisOrigin(inner);
    if (inner.kind === ts.SyntaxKind.SuperKeyword) return this.frame.self;
    if (ts.isPropertyAccessExpression(inner) || ts.isElementAccessExpression(inner)) {
      return this.originOf(inner.expression);
    }
    if (ts.isIdentifier(inner)) return this.originOfName(inner);
    if (ts.isConditionalExpression(inner)) return join(this.originOf(inner.whenTrue), this.originOf(inner.whenFalse));
    if (ts.isCallExpression(inner)) {
      const callee = unwrap(inner.expression);
      const isLookUp = ts.isPropertyAccessExpression(callee) && lookUps.has(callee.name.text);
      if (isLookUp) return this.originOf(callee.expression);
      return this.types.isTensor(this.types.at(inner)) ? 'inside' : 'unknown';
    }
    const isNew =
      ts.isObjectLiteralExpression(inner) || ts.isArrayLiteralExpression(inner) || ts.isNewExpression(inner);
    return isNew ? 'inside' : 'unknown';
  }

  /** `this` of a function inside that is no arrow is its own. */
  private thisOrigin(node: ts.Node): Origin {
    const owner = ts.findAncestor(
      node.parent,
      (each) =>
        each === this.frame.fn || (ts.isFunctionLike(each) && !ts.isArrowFunction(each)) || ts.isClassLike(each),
    );
    return owner === this.frame.fn ? this.frame.self : 'unknown';
  }

  private originOfName(identifier: ts.Identifier): Origin {
    const known = this.argumentOf(identifier);
    if (known) return known.origin;
    const declaration = this.types.symbolOf(identifier)?.valueDeclaration;
    if (!declaration) return 'unknown';
    if (ts.isFunctionLike(declaration) || ts.isClassLike(declaration) || !this.isInside(declaration)) {
      return this.isInside(declaration) ? 'inside' : 'outside';
    }
    let holder: ts.Node = declaration;
    while (ts.isBindingElement(holder)) holder = holder.parent.parent;
    if (ts.isParameter(holder)) return this.argumentAt(holder)?.origin ?? 'unknown';
    if (!ts.isVariableDeclaration(holder)) return 'unknown';
    const loop = holder.parent.parent;
    if (ts.isForOfStatement(loop)) return this.originOf(loop.expression);
    if (!holder.initializer) return 'unknown';
    return holder.parent.flags & ts.NodeFlags.Const || holder !== declaration
      ? this.originOf(holder.initializer)
      : onlyInside(this.originOf(holder.initializer));
  }

  /** Whether a declaration stands in the function that is looked at. */
  isInside(declaration: ts.Node): boolean {
    const { fn } = this.frame;
    return ts.findAncestor(declaration, (node) => node === fn) !== undefined;
  }

  // -- names ----------------------------------------------------------------------------------------------------------

  /** What the call has given for a name, when it is a parameter of the function that is looked at. */
  argumentOf(identifier: ts.Identifier): Argument | null {
    const declaration = this.types.symbolOf(identifier)?.valueDeclaration;
    return declaration && ts.isParameter(declaration) ? this.argumentAt(declaration) : null;
  }

  private argumentAt(parameter: ts.ParameterDeclaration): Argument | null {
    if (parameter.parent !== this.frame.fn || parameter.dotDotDotToken) return null;
    return this.frame.args[parametersOf(this.frame.fn).indexOf(parameter)] ?? null;
  }

  /** The initialiser of a variable inside; null for one that is assigned again. */
  initializerOf(identifier: ts.Identifier): ts.Expression | null {
    const declaration = this.types.symbolOf(identifier)?.valueDeclaration;
    if (!declaration || !ts.isVariableDeclaration(declaration) || !ts.isIdentifier(declaration.name)) return null;
    const isConst = (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
    if (!isConst && !this.isInside(declaration)) return null;
    if (!isConst && isAssigned(declaration, this.frame.fn, this.types)) return null;
    return declaration.initializer ?? null;
  }

  /** What is known of an expression, as an argument of a call that is followed. */
  describe(expression: ts.Expression): Argument {
    return {
      isTensor: this.isTensor(expression),
      dim: this.dimOf(expression),
      matcher: this.matcherOf(expression),
      origin: this.originOf(expression),
    };
  }
}

function isArithmetic(node: ts.Expression): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && arithmetic.has(node.operatorToken.kind);
}

function bare(spec: DimSpec | null): DimUse | null {
  return spec && { spec, isBare: true };
}

function computed(use: DimUse | null): DimUse | null {
  return use && { spec: use.spec, isBare: false };
}

function join(a: Origin, b: Origin): Origin {
  return a === b ? a : 'unknown';
}

function onlyInside(origin: Origin): Origin {
  return origin === 'inside' ? 'inside' : 'unknown';
}

/** `x.shape`. */
function isShape(expression: ts.Expression): boolean {
  const inner = unwrap(expression);
  return ts.isPropertyAccessExpression(inner) && inner.name.text === 'shape';
}

/** `Math.max(...)`. */
export function isMathCall(call: ts.CallExpression): boolean {
  const callee = unwrap(call.expression);
  return (
    ts.isPropertyAccessExpression(callee) &&
    ts.isIdentifier(callee.expression) &&
    callee.expression.text === 'Math' &&
    callee.name.text !== 'random'
  );
}
