"""受付票: issued from the replies that stand, to guests and at the hall; revoked and issued anew where people change."""
