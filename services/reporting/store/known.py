"""What was known at a time: the read models as they stood, under their own names."""

# For the rest of a transaction: every table whose past is kept is read as it stood; the views are those of `known`.
GO_BACK = """
select set_config('search_path', 'known, public', true), set_config('fangkong.as_known_at', $1::timestamptz::text, true)
"""
NOW = "select set_config('fangkong.known_at', $1::timestamptz::text, true)"
SINCE = "select max(at) from known_since"
