"""What scores and predictions on folds are worth."""
