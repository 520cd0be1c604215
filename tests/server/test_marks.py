"""The marks of a result, as the API tells them."""

from support.server import Server, problem


def test_a_result_says_that_it_was_made(server: Server, sent: dict[str, str]) -> None:
    job = server.start_job(sent["hopper"], sent["astronaut"])
    assert server.ended(job["id"])["state"] == "succeeded"
    marks = server.client.get(f"/jobs/{job['id']}/marks").raise_for_status().json()
    assert (marks["verdict"], marks["made_with_ai"]) == ("intact", True)
    assert "made with AI, intact" in marks["summary"]


def test_only_results_have_marks(server: Server, sent: dict[str, str]) -> None:
    job = server.start_job(sent["nobody"], sent["astronaut"], options={"if_no_face": "error"})
    assert server.ended(job["id"])["state"] == "failed"
    assert problem(server.client.get(f"/jobs/{job['id']}/marks"), 422)["code"] == "no_face"
