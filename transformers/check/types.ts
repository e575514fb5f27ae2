/** @file Questions about types, answered by the compiler: what is a tensor, what holds one, what is no data. */

import { ts } from 'ts-morph';
import { isOwnFile, packageName } from '../ownPackage.ts';

/** Members that only a tensor has together: its class may be renamed, and have any form of type around it. */
const tensorMembers = ['copy_', 'matmul', 'tolist', 'dtype'];

/** How deep objects are looked into for what they hold. */
const deepest = 4;

/** Whether a declaration is the package's own. */
export function isPackageFile(path: string): boolean {
  return isOwnFile(path.replaceAll('\\', '/')) || path.includes(`/node_modules/${packageName}/`);
}

/** Whether code of a file is the project's: its text is there, and may be changed. */
export function isProjectFile(file: ts.SourceFile): boolean {
  return !file.isDeclarationFile && !file.fileName.includes('/node_modules/') && !isPackageFile(file.fileName);
}

export class Types {
  readonly checker: ts.TypeChecker;
  /** The compiler computes what conditions make of a type each time that it is asked. */
  private readonly known = new Map<ts.Node, ts.Type>();

  constructor(checker: ts.TypeChecker) {
    this.checker = checker;
  }

  at(node: ts.Node): ts.Type {
    let type = this.known.get(node);
    if (!type) {
      type = this.checker.getTypeAtLocation(node);
      this.known.set(node, type);
    }
    return type;
  }

  /** The symbol that a name means, through imports. */
  symbolOf(node: ts.Node): ts.Symbol | null {
    const shorthand = ts.isIdentifier(node) && ts.isShorthandPropertyAssignment(node.parent) ? node.parent : null;
    const symbol = shorthand
      ? this.checker.getShorthandAssignmentValueSymbol(shorthand)
      : this.checker.getSymbolAtLocation(node);
    if (!symbol) return null;
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** Whether every value of the type, null and undefined aside, is a tensor. */
  isTensor(type: ts.Type): boolean {
    const some = type.isUnion() ? type.types.filter((each) => !isNullish(each)) : [type];
    return some.length > 0 && some.every((each) => this.isOneTensor(each));
  }

  /** Whether a value of the type may be null or undefined (told only under `strictNullChecks`). */
  isNullable(type: ts.Type): boolean {
    return type.isUnion() && type.types.some(isNullish);
  }

  private isOneTensor(type: ts.Type): boolean {
    const parts = type.isIntersection() ? type.types : [type];
    return parts.some(
      (part) => (part.flags & ts.TypeFlags.Object) !== 0 && tensorMembers.every((name) => part.getProperty(name)),
    );
  }

  /** Whether something of the type holds a tensor in its fields, modules' and arrays' included. */
  holdsTensors(type: ts.Type, depth = 0, seen: Set<ts.Type> = new Set()): boolean {
    if (depth > deepest || seen.has(type)) return false;
    seen.add(type);
    const inner = (part: ts.Type): boolean => this.holdsTensors(part, depth + 1, seen);
    if (type.isUnion()) return type.types.some((part) => this.holdsTensors(part, depth, seen));
    if (this.isTensor(type)) return true;
    if (!(type.flags & ts.TypeFlags.Object)) return false;
    if (this.checker.isArrayType(type) || this.checker.isTupleType(type)) {
      return this.checker.getTypeArguments(type as ts.TypeReference).some(inner);
    }
    if (this.isModuleList(type)) return this.checker.getTypeArguments(type as ts.TypeReference).some(inner);
    return this.fieldsOf(type).some((field) => inner(this.checker.getTypeOfSymbol(field)));
  }

  private isModuleList(type: ts.Type): boolean {
    const declared = type.symbol?.declarations?.[0];
    return type.symbol?.name === 'ModuleList' && declared !== undefined && isPackageFile(fileOf(declared));
  }

  /** The fields of objects of a type: no methods, no accessors, nothing private by `#`. */
  fieldsOf(type: ts.Type): ts.Symbol[] {
    return this.checker.getPropertiesOfType(type).filter((property) => {
      const declaration = property.valueDeclaration;
      if (!declaration) return false;
      if (ts.isParameter(declaration)) return true;
      if (ts.isPropertyDeclaration(declaration) && ts.isPrivateIdentifier(declaration.name)) return false;
      const written =
        ts.isPropertyDeclaration(declaration) ||
        ts.isPropertySignature(declaration) ||
        ts.isPropertyAssignment(declaration) ||
        ts.isShorthandPropertyAssignment(declaration);
      return written && (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Static) === 0;
    });
  }

  /** Whether every value of the type is a function. */
  isFunction(type: ts.Type): boolean {
    const some = type.isUnion() ? type.types.filter((each) => !isNullish(each)) : [type];
    return some.length > 0 && some.every((each) => each.getCallSignatures().length > 0 && !this.isTensor(each));
  }

  /** The global class that every value of the type is an instance of (`Map`, `Float32Array`, `Promise`), or null. */
  globalClass(type: ts.Type): string | null {
    const some = type.isUnion() ? type.types.filter((each) => !isNullish(each)) : [type];
    const names = new Set(some.map((each) => (isGlobal(each.symbol) ? each.symbol.name : '')));
    const [name] = names;
    return names.size === 1 && name ? name : null;
  }

  /** The project's own class that every value of the type is an instance of, or null. */
  projectClass(type: ts.Type): ts.ClassLikeDeclaration | null {
    if (type.isUnion() || type.isIntersection()) return null;
    const declaration = type.symbol?.valueDeclaration;
    if (!declaration || !ts.isClassLike(declaration) || type.getCallSignatures().length > 0) return null;
    // (The class itself, `typeof Box`, has the same symbol.)
    if (type.getConstructSignatures().length > 0) return null;
    return isProjectFile(declaration.getSourceFile()) ? declaration : null;
  }

  /** Whether a type is a number, whatever it is branded with. */
  isNumber(type: ts.Type): boolean {
    if (type.isUnion()) return type.types.every((part) => isNullish(part) || this.isNumber(part));
    if (type.isIntersection()) return !this.isOneTensor(type) && type.types.some((part) => this.isNumber(part));
    return (type.flags & ts.TypeFlags.NumberLike) !== 0;
  }

  /** Whether operators on tensors may have the type: `number`, `boolean` for comparisons, and what is declared loosely. */
  mayBeOperator(type: ts.Type): boolean {
    if (type.isUnion()) return type.types.some((part) => this.isOneTensor(part) || this.mayBeOperator(part));
    return this.isNumber(type) || this.isUnknown(type) || (type.flags & ts.TypeFlags.BooleanLike) !== 0;
  }

  isUnknown(type: ts.Type): boolean {
    return (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) !== 0;
  }
}

export function isNullish(type: ts.Type): boolean {
  return (type.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined | ts.TypeFlags.Void)) !== 0;
}

function fileOf(declaration: ts.Node): string {
  return declaration.getSourceFile().fileName;
}

/** Whether a symbol is one of the language's own library. */
function isGlobal(symbol: ts.Symbol | undefined): boolean {
  const declared = symbol?.declarations;
  if (!declared || declared.length === 0) return false;
  return declared.every((each) => /\/lib\.[\w.]+\.d\.ts$|\/node_modules\/@types\/node\//.test(fileOf(each)));
}

/** The expression inside parentheses and what TypeScript puts around a value. */
export function unwrap(node: ts.Expression): ts.Expression {
  let inner = node;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isNonNullExpression(inner) ||
    ts.isTypeAssertionExpression(inner)
  ) {
    inner = inner.expression;
  }
  return inner;
}
