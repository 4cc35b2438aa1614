import { Root, type Type } from 'protobufjs/light.js';

type Fields = Readonly<Record<string, readonly [type: string, id: number, rule?: 'repeated' | 'packed' | 'map']>>;

// The messages of tensorflow/core/protobuf and tensorflow/core/framework that a SavedModel of this project needs, by their
// published field numbers. AttrValue is a oneof: without it zeros, false and empty strings would be left out, and TensorFlow
// answers "AttrValue missing value".
const messages: Readonly<Record<string, { readonly fields: Fields; readonly oneof?: readonly string[] }>> = {
  SavedModel: { fields: { savedModelSchemaVersion: ['int64', 1], metaGraphs: ['MetaGraphDef', 2, 'repeated'] } },
  MetaGraphDef: {
    fields: { metaInfoDef: ['MetaInfoDef', 1], graphDef: ['GraphDef', 2], signatureDef: ['SignatureDef', 5, 'map'] },
  },
  MetaInfoDef: {
    fields: {
      strippedOpList: ['OpList', 2],
      tags: ['string', 4, 'repeated'],
      tensorflowVersion: ['string', 5],
    },
  },
  OpList: { fields: {} },
  GraphDef: {
    fields: { node: ['NodeDef', 1, 'repeated'], versions: ['VersionDef', 4], library: ['FunctionDefLibrary', 2] },
  },
  FunctionDefLibrary: { fields: { function: ['FunctionDef', 1, 'repeated'] } },
  FunctionDef: {
    fields: {
      signature: ['OpDef', 1],
      nodeDef: ['NodeDef', 3, 'repeated'],
      ret: ['string', 4, 'map'],
      attr: ['AttrValue', 5, 'map'],
    },
  },
  OpDef: {
    fields: {
      name: ['string', 1],
      inputArg: ['ArgDef', 2, 'repeated'],
      outputArg: ['ArgDef', 3, 'repeated'],
      isStateful: ['bool', 17],
    },
  },
  ArgDef: { fields: { name: ['string', 1], type: ['int32', 3] } },
  NameAttrList: { fields: { name: ['string', 1], attr: ['AttrValue', 2, 'map'] } },
  VersionDef: { fields: { producer: ['int32', 1], minConsumer: ['int32', 2] } },
  NodeDef: {
    fields: {
      name: ['string', 1],
      op: ['string', 2],
      input: ['string', 3, 'repeated'],
      device: ['string', 4],
      attr: ['AttrValue', 5, 'map'],
    },
  },
  AttrValue: {
    fields: {
      list: ['ListValue', 1],
      s: ['bytes', 2],
      i: ['int64', 3],
      f: ['float', 4],
      b: ['bool', 5],
      type: ['int32', 6],
      shape: ['TensorShapeProto', 7],
      tensor: ['TensorProto', 8],
      func: ['NameAttrList', 10],
    },
    oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor', 'func'],
  },
  ListValue: { fields: { i: ['int64', 3, 'packed'], type: ['int32', 6, 'packed'] } },
  TensorProto: {
    fields: {
      dtype: ['int32', 1],
      tensorShape: ['TensorShapeProto', 2],
      tensorContent: ['bytes', 4],
      stringVal: ['bytes', 8, 'repeated'],
    },
  },
  TensorShapeProto: { fields: { dim: ['Dim', 2, 'repeated'] } },
  Dim: { fields: { size: ['int64', 1] } },
  SignatureDef: {
    fields: { inputs: ['TensorInfo', 1, 'map'], outputs: ['TensorInfo', 2, 'map'], methodName: ['string', 3] },
  },
  TensorInfo: { fields: { name: ['string', 1], dtype: ['int32', 2], tensorShape: ['TensorShapeProto', 3] } },
};

const root = Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, { fields, oneof }]) => [
      name,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, [type, id, rule]]) => [
            field,
            rule === 'map'
              ? { keyType: 'string', type, id }
              : rule === undefined
                ? { type, id }
                : { rule: 'repeated', type, id, options: { packed: rule === 'packed' } },
          ]),
        ),
        ...(oneof ? { oneofs: { value: { oneof: [...oneof] } } } : {}),
      },
    ]),
  ),
});

export const savedModelMessage: Type = root.lookupType('SavedModel');
