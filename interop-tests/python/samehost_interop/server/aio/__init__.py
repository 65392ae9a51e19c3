"""The same services over the asynchronous surface: everything of it runs on one event loop."""
