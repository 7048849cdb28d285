"""Python packages of the tenant, kept by coderunner."""
