const { parent } = parentOf(said);
