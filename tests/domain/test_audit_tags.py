"""The acts that are recorded belong to one field each."""

from occto.domain.audit_tags import AUDIT_TAGS, FIELDS, field_of, tags_of


def test_every_act_is_of_one_field() -> None:
    found = [tag for name in FIELDS for tag in tags_of(name)]
    assert sorted(found) == sorted(AUDIT_TAGS)
    assert all(field_of(tag) is not None for tag in AUDIT_TAGS)
    assert field_of("nothing.of_the_kind") is None


def test_no_field_names_what_is_not_recorded() -> None:
    kinds = {tag.partition(".")[0] for tag in AUDIT_TAGS}
    assert set().union(*(held for _words, held in FIELDS.values())) == kinds
