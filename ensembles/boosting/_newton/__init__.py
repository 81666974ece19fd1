"""Trees of gradients and hessians: what gradient boosting adds up."""
