from dataclasses import fields
from pathlib import Path

import pytest

from engine.settings import HOME, SETTINGS, Settings, SettingsError, clinic_files, parse_settings, to_environment


def problems_of(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_settings(environ)
    return str(caught.value)


def test_defaults_serve_one_machine_from_the_program_folder() -> None:
    settings = parse_settings({})
    assert settings.root == HOME
    assert settings.data_dir == HOME / ".clinic-data"
    assert settings.keys_dir == HOME / ".clinic-data.keys"
    assert settings.database_url == f"sqlite:///{HOME}/.clinic-data/records.sqlite3"
    assert settings.public_base == "http://localhost:8080"
    assert settings.demo is False


def test_every_setting_has_a_field_and_every_field_a_setting() -> None:
    assert sorted(setting.name for setting in SETTINGS) == sorted(field.name for field in fields(Settings))


def test_names_that_are_not_ours_are_left_alone() -> None:
    assert parse_settings({"PATH": "/bin", "CLINICAL": "x"}) == parse_settings({})


def test_a_misspelt_name_refuses_to_start_and_names_the_nearest() -> None:
    text = problems_of({"CLINIC_WEB_PROT": "1"})
    assert text == "CLINIC_WEB_PROT: there is no such setting; did you mean CLINIC_WEB_PORT?"


def test_every_problem_is_reported_at_once_and_no_value_is_repeated() -> None:
    text = problems_of({"CLINIC_WEB_PORT": "secret-a", "CLINIC_DEMO": "secret-b", "CLINIC_LOG_LEVEL": "secret-c"})
    assert [line.split(":")[0] for line in text.splitlines()] == ["CLINIC_WEB_PORT", "CLINIC_DEMO", "CLINIC_LOG_LEVEL"]
    assert "secret" not in text


@pytest.mark.parametrize("port", ["0", "65536", "-1", "", "٣", "80.0"])
def test_a_port_outside_its_range_is_refused(port: str) -> None:
    assert "CLINIC_WEB_PORT" in problems_of({"CLINIC_WEB_PORT": port})


@pytest.mark.parametrize("name", ["CLINIC_WEB_HOST", "CLINIC_MEDIA_HOST"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "clinic.example", ""])
def test_a_listener_beyond_loopback_needs_tls(name: str, host: str) -> None:
    assert f"{name}: reaches beyond this machine without TLS" in problems_of({name: host})
    parse_settings({name: host, "CLINIC_TLS_CERTIFICATE": "c.pem", "CLINIC_TLS_KEY": "k.pem"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    assert parse_settings({"CLINIC_WEB_HOST": host}).web_host == host


def test_a_certificate_without_its_key_is_no_tls() -> None:
    assert "CLINIC_WEB_HOST" in problems_of({"CLINIC_WEB_HOST": "0.0.0.0", "CLINIC_TLS_CERTIFICATE": "c.pem"})


def test_a_temporal_server_elsewhere_needs_tls() -> None:
    assert "CLINIC_TEMPORAL_ADDRESS" in problems_of({"CLINIC_TEMPORAL_ADDRESS": "temporal.example:7233"})
    parse_settings({"CLINIC_TEMPORAL_ADDRESS": "temporal.example:7233", "CLINIC_TEMPORAL_TLS": "1"})


@pytest.mark.parametrize("query", ["", "?sslmode=require", "?sslmode=prefer", "?sslmode=verify-ca"])
def test_a_database_elsewhere_needs_a_verified_certificate(query: str) -> None:
    text = problems_of({"CLINIC_DATABASE_URL": "postgresql://clinic:hunter2@db.example/clinic" + query})
    assert "CLINIC_DATABASE_URL" in text and "hunter2" not in text


def test_a_database_elsewhere_with_a_verified_certificate_is_taken() -> None:
    url = "postgresql://clinic@db.example/clinic?sslmode=verify-full"
    assert parse_settings({"CLINIC_DATABASE_URL": url}).database_url == url


def test_a_socket_of_this_machine_needs_no_tls() -> None:
    url = "postgresql://clinic@/clinic?host=/var/run/postgresql"
    assert parse_settings({"CLINIC_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("query", ["?host=db.example", "?hostaddr=10.0.0.1&host=/tmp"])
def test_a_loopback_address_cannot_lead_elsewhere(query: str) -> None:
    problems_of({"CLINIC_DATABASE_URL": "postgresql://clinic@localhost/clinic" + query})


@pytest.mark.parametrize("url", ["mysql://localhost/clinic", "postgresql+psycopg2://localhost/clinic", "records.db"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    assert "sqlite" in problems_of({"CLINIC_DATABASE_URL": url})


def test_settings_survive_the_way_to_a_child_process(tmp_path: Path) -> None:
    environ = {"CLINIC_ROOT": str(tmp_path), "CLINIC_CLINICS": "clinics/a.yaml:/elsewhere/b.yaml", "CLINIC_DEMO": "1"}
    settings = parse_settings(environ)
    assert settings.clinics == (tmp_path / "clinics/a.yaml", Path("/elsewhere/b.yaml"))
    assert parse_settings(to_environment(settings)) == settings


def test_no_clinic_named_means_every_clinic_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "clinics").mkdir()
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (tmp_path / "clinics" / name).touch()
    assert [path.name for path in clinic_files(parse_settings({"CLINIC_ROOT": str(tmp_path)}))] == ["a.yaml", "b.yaml"]


def test_what_is_told_to_a_collector_stays_on_the_machine_or_is_encrypted() -> None:
    plain = {"CLINIC_TRACES_ENDPOINT": "http://collector.example/v1/traces", "CLINIC_WORKER_METRICS": "0.0.0.0:9464"}
    assert "CLINIC_TRACES_ENDPOINT" in problems_of(plain)
    assert "CLINIC_WORKER_METRICS" in problems_of(plain)
    for endpoint in ("https://collector.example/v1/traces", "http://127.0.0.1:4318/v1/traces", ""):
        assert parse_settings({"CLINIC_TRACES_ENDPOINT": endpoint}).traces_endpoint == endpoint
    assert "takes one of text, json" in problems_of({"CLINIC_LOG_FORMAT": "xml"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_SERVER", "mail.example.org"),
        ("MAIL_SERVER", "http://mail.example.org"),
        ("MAIL_SERVER", "smtps://mail.example.org:99999"),
        ("MAIL_SERVER", "smtps://care:secret@mail.example.org"),
        ("MAIL_FROM", "Care <care@example.org>"),
        ("MAIL_FROM", "care@example.org\nBcc: eve@example.org"),
        ("MAIL_FROM", ""),
    ],
)
def test_a_mail_server_is_checked_at_the_start_and_its_password_never_said(name: str, value: str) -> None:
    good = {"CLINIC_MAIL_SERVER": "smtps://care@mail.example.org", "CLINIC_MAIL_FROM": "care@example.org"}
    parse_settings(good)
    with pytest.raises(SettingsError) as refused:
        parse_settings({**good, f"CLINIC_{name}": value})
    assert f"CLINIC_{name}" in str(refused.value) and "secret" not in str(refused.value)
