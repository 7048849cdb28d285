"""What can be wrong with what the service stands on."""

from dataflowtools.src.errors.base import ServiceTrouble


class StoreUnavailable(ServiceTrouble):
    """The file store does not answer or refuses us."""

    code = "store_unavailable"


class StoreOfAnother(ServiceTrouble):
    """The file store was filled under another database, so this one cannot tell what is an orphan there."""

    code = "store_of_another"


class StorageFull(ServiceTrouble):
    """The disk or bucket behind the store has no room left."""

    code = "storage_full"
    retry_after_s = 60


class DatabaseUnavailable(ServiceTrouble):
    """The database does not answer."""

    code = "database_unavailable"
