# SPDX-License-Identifier: EUPL-1.2
"""Loads the demo town into an empty database, through the product's own use-cases."""

from sqlalchemy import select

from heitje.config import Settings
from heitje.schemes import Scheme
from heitje_server.connections import databases_of
from heitje_server.demo.ground import lay_ground
from heitje_server.demo.history import tell_history
from heitje_server.demo.issuers import bring_issuers_in
from heitje_server.demo.town import bring_town_in
from heitje_server.demo.vettings import let_people_meet
from heitje_server.features import load_features


def load_if_empty(settings: Settings) -> bool:
    """Load the town unless there is a scheme already; whether it did."""
    with databases_of(settings) as databases:
        with databases.across_tenants() as session:
            if session.scalar(select(Scheme.id).limit(1)) is not None:
                return False
        # What the use-cases leave to jobs must be known here too.
        load_features()
        scheme_id = lay_ground(databases, settings)
        issuers = bring_issuers_in(databases, settings, scheme_id)
        town = bring_town_in(databases, scheme_id)
        let_people_meet(databases, issuers, town)
        tell_history(databases, settings, issuers, town)
        return True
