/** @file The fields of syntax nodes (ESTree, as typescript-estree extends it) that matter when a program runs. */

interface Fields {
  /** Fields that hold nodes, null, or lists of both; in the order of the source. */
  readonly nodes?: readonly string[];
  /** Other fields that change what the node does: operators, names, flags. */
  readonly facts?: readonly string[];
}

const fn: Fields = { nodes: ['id', 'params', 'body'], facts: ['async', 'generator'] };
const classLike: Fields = { nodes: ['decorators', 'id', 'superClass', 'body'] };
const field: Fields = { nodes: ['decorators', 'key', 'value'], facts: ['computed', 'static'] };
const loop: Fields = { nodes: ['left', 'right', 'body'] };
const operands: Fields = { nodes: ['left', 'right'], facts: ['operator'] };
const call: Fields = { nodes: ['callee', 'arguments'], facts: ['optional'] };
const argument: Fields = { nodes: ['argument'] };
const expression: Fields = { nodes: ['expression'] };
const body: Fields = { nodes: ['body'] };
const label: Fields = { nodes: ['label'] };
const nothing: Fields = {};

/** By node type. What is not here is a type, or newer than this table. */
const table: Readonly<Record<string, Fields>> = {
  Program: body,
  BlockStatement: body,
  StaticBlock: body,
  ExpressionStatement: expression,
  EmptyStatement: nothing,
  DebuggerStatement: nothing,
  WithStatement: { nodes: ['object', 'body'] },
  ReturnStatement: argument,
  ThrowStatement: argument,
  LabeledStatement: { nodes: ['label', 'body'] },
  BreakStatement: label,
  ContinueStatement: label,
  IfStatement: { nodes: ['test', 'consequent', 'alternate'] },
  SwitchStatement: { nodes: ['discriminant', 'cases'] },
  SwitchCase: { nodes: ['test', 'consequent'] },
  TryStatement: { nodes: ['block', 'handler', 'finalizer'] },
  CatchClause: { nodes: ['param', 'body'] },
  WhileStatement: { nodes: ['test', 'body'] },
  DoWhileStatement: { nodes: ['body', 'test'] },
  ForStatement: { nodes: ['init', 'test', 'update', 'body'] },
  ForInStatement: loop,
  ForOfStatement: { ...loop, facts: ['await'] },
  VariableDeclaration: { nodes: ['declarations'], facts: ['kind'] },
  VariableDeclarator: { nodes: ['id', 'init'] },
  FunctionDeclaration: fn,
  FunctionExpression: fn,
  ArrowFunctionExpression: fn,
  ClassDeclaration: classLike,
  ClassExpression: classLike,
  ClassBody: body,
  MethodDefinition: { ...field, facts: ['kind', 'computed', 'static'] },
  PropertyDefinition: field,
  AccessorProperty: field,
  Decorator: expression,

  Identifier: { nodes: ['decorators'], facts: ['name'] },
  PrivateIdentifier: { facts: ['name'] },
  Literal: nothing,
  TemplateLiteral: { nodes: ['quasis', 'expressions'] },
  TemplateElement: { facts: ['value'] },
  TaggedTemplateExpression: { nodes: ['tag', 'quasi'] },
  ThisExpression: nothing,
  Super: nothing,
  MetaProperty: { nodes: ['meta', 'property'] },
  ArrayExpression: { nodes: ['elements'] },
  ObjectExpression: { nodes: ['properties'] },
  Property: { nodes: ['key', 'value'], facts: ['kind', 'method', 'computed'] },
  SpreadElement: argument,
  UnaryExpression: { ...argument, facts: ['operator'] },
  UpdateExpression: { ...argument, facts: ['operator', 'prefix'] },
  BinaryExpression: operands,
  LogicalExpression: operands,
  AssignmentExpression: operands,
  ConditionalExpression: { nodes: ['test', 'consequent', 'alternate'] },
  SequenceExpression: { nodes: ['expressions'] },
  MemberExpression: { nodes: ['object', 'property'], facts: ['computed', 'optional'] },
  ChainExpression: expression,
  ParenthesizedExpression: expression,
  CallExpression: call,
  NewExpression: call,
  ImportExpression: { nodes: ['source', 'options'], facts: ['phase'] },
  AwaitExpression: argument,
  YieldExpression: { ...argument, facts: ['delegate'] },
  ArrayPattern: { nodes: ['decorators', 'elements'] },
  ObjectPattern: { nodes: ['decorators', 'properties'] },
  AssignmentPattern: { nodes: ['decorators', 'left', 'right'] },
  RestElement: { nodes: ['decorators', 'argument'] },

  ImportDeclaration: { nodes: ['specifiers', 'source'], facts: ['phase'] },
  ImportSpecifier: { nodes: ['imported', 'local'] },
  ImportDefaultSpecifier: { nodes: ['local'] },
  ImportNamespaceSpecifier: { nodes: ['local'] },
  ExportNamedDeclaration: { nodes: ['declaration', 'specifiers', 'source'] },
  ExportDefaultDeclaration: { nodes: ['declaration'] },
  ExportAllDeclaration: { nodes: ['exported', 'source'] },
  ExportSpecifier: { nodes: ['local', 'exported'] },

  JSXElement: { nodes: ['openingElement', 'children', 'closingElement'] },
  JSXFragment: { nodes: ['openingFragment', 'children', 'closingFragment'] },
  JSXOpeningElement: { nodes: ['name', 'attributes'] },
  JSXClosingElement: { nodes: ['name'] },
  JSXOpeningFragment: nothing,
  JSXClosingFragment: nothing,
  JSXAttribute: { nodes: ['name', 'value'] },
  JSXSpreadAttribute: argument,
  JSXSpreadChild: expression,
  JSXExpressionContainer: expression,
  JSXEmptyExpression: nothing,
  JSXText: { facts: ['value'] },
  JSXIdentifier: { facts: ['name'] },
  JSXMemberExpression: { nodes: ['object', 'property'] },
  JSXNamespacedName: { nodes: ['namespace', 'name'] },

  TSAsExpression: expression,
  TSSatisfiesExpression: expression,
  TSNonNullExpression: expression,
  TSTypeAssertion: expression,
  TSInstantiationExpression: expression,
  TSParameterProperty: { nodes: ['decorators', 'parameter'] },
  TSExportAssignment: expression,
  TSModuleDeclaration: { nodes: ['id', 'body'], facts: ['kind'] },
  TSModuleBlock: body,
  TSEnumDeclaration: { nodes: ['id', 'body'], facts: ['const'] },
  TSEnumBody: { nodes: ['members'] },
  TSEnumMember: { nodes: ['id', 'initializer'], facts: ['computed'] },
  TSImportEqualsDeclaration: { nodes: ['id', 'moduleReference'] },
  TSExternalModuleReference: expression,
  TSQualifiedName: { nodes: ['left', 'right'] },
};

const none: readonly string[] = [];
const nodeFields = new Map(Object.entries(table).map(([type, { nodes }]) => [type, nodes ?? none]));
const factFields = new Map(Object.entries(table).map(([type, { facts }]) => [type, facts ?? none]));

/** The fields of a type of node that hold other nodes; undefined for a type that is not known. */
export function nodeFieldsOf(type: string): readonly string[] | undefined {
  return nodeFields.get(type);
}

/** The other fields of a type of node that change what it does. */
export function factFieldsOf(type: string): readonly string[] | undefined {
  return factFields.get(type);
}
