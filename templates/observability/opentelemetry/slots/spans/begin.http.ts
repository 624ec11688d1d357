const { parent, link } = parentOf(said);
