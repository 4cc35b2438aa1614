// Imported first: TensorFlow reads its log level when it is loaded.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
