"""Volcengine: the seed call with volcenginesdkecs."""

import json

from volcenginesdkcore import ApiClient, Configuration
from volcenginesdkcore.rest import ApiException
from volcenginesdkecs import (
    DeleteScheduledInstanceRequest,
    DescribeScheduledInstancesRequest,
    ECSApi,
)

ERRORS = (ApiException,)


def told(error):
    body = json.loads(error.body) if error.body else {}
    metadata = body.get("ResponseMetadata", {})
    return {
        "status": error.status,
        "code": metadata.get("Error", {}).get("Code"),
        "message": metadata.get("Error", {}).get("Message"),
        "request_id": metadata.get("RequestId"),
    }


def client(given, region):
    configuration = Configuration()
    configuration.ak = given["access_key"]
    configuration.sk = given["secret_key"]
    configuration.region = region
    configuration.scheme = "http"
    configuration.host = f"{given['host']}:{given['port']}"
    configuration.auto_retry = False
    configuration.num_max_retries = 0
    return ECSApi(ApiClient(configuration))


def as_json(response):
    """The fields of the SDK's model; where there are none it makes no model."""
    return response.to_dict() if hasattr(response, "to_dict") else response


def reservation_delete(given, region, reservation, token):
    request = DeleteScheduledInstanceRequest(
        scheduled_instance_id=reservation, client_token=token
    )
    return as_json(client(given, region).delete_scheduled_instance(request))


def reservations(given, region, reservation):
    request = DescribeScheduledInstancesRequest(scheduled_instance_ids=[reservation])
    return as_json(client(given, region).describe_scheduled_instances(request))
