"""Groups, pivots, time series and hypothesis tests."""
