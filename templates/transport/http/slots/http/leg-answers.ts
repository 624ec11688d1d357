answer,
