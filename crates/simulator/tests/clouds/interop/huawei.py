"""Huawei Cloud: the seed calls with huaweicloudsdk-*."""

import json

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_response import SdkResponse

ERRORS = (ServiceResponseException,)


def told(error):
    return {
        "status": error.status_code,
        "code": error.error_code,
        "message": error.error_msg,
        "request_id": error.request_id,
    }


def client(kind, given, credentials=None):
    config = HttpConfig.get_default_config()
    config.retry_times = 0
    # An explicit project id: without one the SDK looks it up at IAM.
    credentials = credentials or BasicCredentials(
        given["access_key"], given["secret_key"], given["project"]
    )
    return (
        kind.new_builder()
        .with_http_config(config)
        .with_credentials(credentials)
        .with_endpoint(f"http://{given['host']}:{given['port']}")
        .build()
    )


def as_json(response):
    """The fields that the SDK's model holds, not the bytes that came."""
    return json.loads(str(response))


class CancelInstanceResizeResponse(SdkResponse):
    openapi_types = {"result": "str"}
    attribute_map = {"result": "result"}
    sensitive_list = []

    def __init__(self, result=None):
        super().__init__()
        self.result = result


def dcs_cancel(given, instance, task):
    """The SDK for DCS has no such method, so it goes by the generic request."""
    from huaweicloudsdkdcs.v2 import DcsClient

    response = client(DcsClient, given).do_http_request(
        "POST",
        "/v2/{project_id}/instances/{instance_id}/resize/cancel/{task_id}",
        path_params={"instance_id": instance, "task_id": task},
        response_type=CancelInstanceResizeResponse,
    )
    return {"result": response.result, "status": response.status_code}


def workspace_resize(given, desktop, product, auto_pay):
    from huaweicloudsdkworkspace.v2 import (
        CreateChangeOrderReq,
        CreateChangeOrderRequest,
        OrderExtendParam,
        WorkspaceClient,
    )

    body = CreateChangeOrderReq(
        type="resizeDesktops",
        resize_product_id=product,
        extend_param=OrderExtendParam(is_auto_pay=auto_pay),
    )
    request = CreateChangeOrderRequest(desktop_id=desktop, body=body)
    return as_json(client(WorkspaceClient, given).create_change_order(request))


def workspace_desktop(given, desktop):
    from huaweicloudsdkworkspace.v2 import ShowDesktopDetailRequest, WorkspaceClient

    request = ShowDesktopDetailRequest(desktop_id=desktop)
    return as_json(client(WorkspaceClient, given).show_desktop_detail(request))


def bss_order(given, order):
    from huaweicloudsdkbss.v2 import BssClient, ShowCustomerOrderDetailsRequest

    credentials = GlobalCredentials(
        given["access_key"], given["secret_key"], given["domain"]
    )
    request = ShowCustomerOrderDetailsRequest(order_id=order)
    bss = client(BssClient, given, credentials)
    return as_json(bss.show_customer_order_details(request))


def clouddc_status(given, instance):
    from huaweicloudsdkclouddc.v1 import CloudDCClient, ShowInstanceStatusRequest

    request = ShowInstanceStatusRequest(id=instance)
    return as_json(client(CloudDCClient, given).show_instance_status(request))


def clouddc_list(given, **query):
    from huaweicloudsdkclouddc.v1 import CloudDCClient, ListInstancesRequest

    request = ListInstancesRequest(**query)
    return as_json(client(CloudDCClient, given).list_instances(request))
