"""Tencent Cloud: the seed call with tencentcloud-sdk-python-autoscaling."""

import json

from tencentcloud.autoscaling.v20180419 import autoscaling_client, models
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import (
    TencentCloudSDKException,
)
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

ERRORS = (TencentCloudSDKException,)


def told(error):
    return {
        "code": error.code,
        "message": error.message,
        "request_id": error.requestId,
    }


def client(given, region):
    # Host and protocol apart: a URL as endpoint makes a Host header of it. There is
    # no retryer by default; the SDK's own would repeat a call that had succeeded.
    http = HttpProfile(protocol="http", endpoint=f"{given['host']}:{given['port']}")
    credential = Credential(given["access_key"], given["secret_key"])
    profile = ClientProfile(httpProfile=http)
    return autoscaling_client.AutoscalingClient(credential, region, profile)


def refresh_cancel(given, region, group, activity):
    request = models.CancelInstanceRefreshRequest()
    request.AutoScalingGroupId = group
    request.RefreshActivityId = activity
    answer = client(given, region).CancelInstanceRefresh(request)
    return json.loads(answer.to_json_string())


def refresh_activities(given, region, activity):
    request = models.DescribeRefreshActivitiesRequest()
    request.RefreshActivityIds = [activity]
    answer = client(given, region).DescribeRefreshActivities(request)
    return json.loads(answer.to_json_string())
