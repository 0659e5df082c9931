"""The command line. Nothing is imported here, so that signals are answered before anything heavy is loaded."""
