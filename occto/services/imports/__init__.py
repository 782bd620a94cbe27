"""初期登録: a workbook is kept, read, compared with the register, released by a second person and entered in batches."""
