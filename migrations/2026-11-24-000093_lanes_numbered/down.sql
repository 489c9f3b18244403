UPDATE lanes SET turn = 0 WHERE turn > 0;
